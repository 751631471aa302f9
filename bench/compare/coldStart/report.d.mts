export const SIZE: number;
