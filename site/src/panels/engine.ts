/** What the engine is and how it does. */
import { version } from 'heed/package.json';
import { byId, element } from '../elements.ts';
import type { EngineState, Timed } from '../engine/engine.ts';
import { bytesText, median, millisecondsText } from '../units.ts';

/** Calls that the median is taken of. */
const RECENT = 50;

const terms = [
  'Binary',
  'Threads',
  'Micro-kernel',
  'Memory',
  'Last call',
  'Median',
  'Weights',
  'Start',
  'Offline',
  'heed',
  'Browser',
] as const;

export class EnginePanel {
  readonly #values: Readonly<Record<(typeof terms)[number], HTMLElement>>;
  #recent: readonly number[] = [];
  #threadsAsked = 1;

  constructor() {
    const list = byId('engine', HTMLDListElement);
    this.#values = Object.fromEntries(
      terms.map((term) => {
        const value = element('dd', {}, '…');
        list.append(element('div', {}, element('dt', {}, term), value));
        return [term, value];
      }),
    ) as Record<(typeof terms)[number], HTMLElement>;
    this.#set('heed', version);
    this.#set('Browser', navigator.userAgent);
  }

  /** The weights are loaded: those of a file, or the shipped ones. */
  loaded(weights: string, threadsAsked: number, { milliseconds, state }: Timed<unknown>): void {
    this.#recent = [];
    this.#threadsAsked = threadsAsked;
    this.#set('Weights', weights);
    this.#set('Start', millisecondsText(milliseconds));
    this.#show(state);
  }

  timed({ milliseconds, state }: Timed<unknown>): void {
    this.#recent = [...this.#recent, milliseconds].slice(-RECENT);
    const { length } = this.#recent;
    this.#set('Last call', millisecondsText(milliseconds));
    this.#set(
      'Median',
      `${millisecondsText(median(this.#recent))} of ${length} call${length === 1 ? '' : 's'}`,
    );
    this.#show(state);
  }

  offline(text: string): void {
    this.#set('Offline', text);
  }

  failed(message: string): void {
    this.#set('Binary', message);
  }

  #show({ variant, threads, microKernel, usedBytes, capacityBytes }: EngineState): void {
    this.#set('Binary', variant === 'relaxed' ? 'relaxed (fused multiply-add)' : 'simd');
    const why = this.#whyFewer(threads);
    this.#set('Threads', why === undefined ? String(threads) : `${threads}: ${why}`);
    this.#set('Micro-kernel', microKernel ?? 'not chosen yet: no product was large enough to be timed');
    this.#set('Memory', `${bytesText(usedBytes)} used, ${bytesText(capacityBytes)} reserved`);
  }

  #whyFewer(threads: number): string | undefined {
    if (!crossOriginIsolated) return whyOneThread;
    if (threads === this.#threadsAsked) return undefined;
    return "the host starts no others (its Content-Security-Policy needs worker-src 'self' blob:)";
  }

  #set(term: (typeof terms)[number], text: string): void {
    this.#values[term].textContent = text;
  }
}

export const whyOneThread =
  'the page is not cross-origin isolated (its server sends no COOP and COEP headers)';
