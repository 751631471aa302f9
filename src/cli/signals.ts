/** Ends the process on SIGINT and SIGTERM with the shell's exit codes, 130 and 143. */
const signals = { SIGINT: 2, SIGTERM: 15 } as const;

/** Runs `cleanUp` before the process ends by a signal. Disposing of the result restores the default. */
export function onSignal(cleanUp: () => void): Disposable {
  const handlers = Object.entries(signals).map(([name, number]) => {
    const end = (): void => {
      cleanUp();
      process.exit(128 + number);
    };
    process.once(name, end);
    return () => process.removeListener(name, end);
  });
  return {
    [Symbol.dispose]() {
      for (const remove of handlers) remove();
    },
  };
}
