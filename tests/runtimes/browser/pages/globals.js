// Imported before heed, to see what heed adds.
export const globals = Object.getOwnPropertyNames(globalThis);
