/**
 * Guarded buffers. Guards, and outputs before the kernel runs, are filled with one word that is a NaN as a float: a
 * kernel that reads past an input or counts on its output's old content taints its result, one that writes past its
 * output breaks the guard.
 */
import { random } from './random';

export const FILLING: u32 = 0x7fa5c3e1;
const GUARD_BYTES: usize = 64;
const ARENA_BYTES: usize = 24 << 20;

class Region {
  constructor(
    public pointer: usize,
    public bytes: usize,
    public guardStart: usize,
    /** Of an input: kernels must leave it alone. */
    public checksum: u32,
    public isInput: bool,
  ) {}
}

const arena: usize = heap.alloc(ARENA_BYTES);
let top: usize = arena;
let regions: Region[] = [];
let misaligned: bool = false;
let currentCase: string = '';

/** Starts a case: forgets all buffers. `misaligned`: each lies 4, 8 or 12 bytes past an aligned address. */
export function begin(name: string, misalign: bool = false): void {
  top = arena;
  regions = [];
  misaligned = misalign;
  currentCase = name + (misalign ? ' (misaligned)' : '');
}

export function caseName(): string {
  return currentCase;
}

function fillWords(start: usize, end: usize): void {
  for (let p = start; p < end; p += 4) store<u32>(p, FILLING);
}

function reserve(bytes: usize, isInput: bool): usize {
  const guardStart = (top + 15) & ~15;
  const shift: usize = misaligned ? 4 * (1 + (regions.length % 3)) : 0;
  const pointer = guardStart + GUARD_BYTES + shift;
  top = pointer + bytes + GUARD_BYTES;
  if (top > arena + ARENA_BYTES) abort('the arena of test buffers is full');
  fillWords(guardStart, top);
  regions.push(new Region(pointer, bytes, guardStart, 0, isInput));
  return pointer;
}

/** Normal numbers times `scale`, an input. Seal before the kernel runs. */
export function normals(n: i32, scale: f64 = 1): usize {
  const pointer = reserve((<usize>n) << 2, true);
  for (let i = 0; i < n; ++i) setFloat(pointer, i, <f32>(random.normal() * scale));
  return pointer;
}

/** Uniform numbers in [low, high), an input. */
export function uniforms(n: i32, low: f64, high: f64): usize {
  const pointer = reserve((<usize>n) << 2, true);
  for (let i = 0; i < n; ++i) setFloat(pointer, i, <f32>(low + (high - low) * random.uniform()));
  return pointer;
}

/** Integers in [low, high], an input. */
export function integers(n: i32, low: i32, high: i32): usize {
  const pointer = reserve((<usize>n) << 2, true);
  for (let i = 0; i < n; ++i) store<i32>(pointer + ((<usize>i) << 2), random.integer(low, high));
  return pointer;
}

/** n signed bytes of any value, an input. */
export function bytes(n: i32): usize {
  const pointer = reserve(<usize>((n + 3) & ~3), true);
  for (let i = 0; i < n; ++i) store<i8>(pointer + <usize>i, <i8>random.integer(-128, 127));
  return pointer;
}

/** n words that the kernel is to write. */
export function output(n: i32): usize {
  return reserve((<usize>n) << 2, false);
}

/** An output that begins as a copy of `source`. */
export function outputFrom(source: usize, n: i32): usize {
  const pointer = output(n);
  memory.copy(pointer, source, (<usize>n) << 2);
  return pointer;
}

/** n doubles for a reference to write. */
export function doubles(n: i32): usize {
  const pointer = (top + 15) & ~15;
  top = pointer + ((<usize>n) << 3);
  if (top > arena + ARENA_BYTES) abort('the arena of test buffers is full');
  return pointer;
}

export function getFloat(pointer: usize, i: i32): f32 {
  return load<f32>(pointer + ((<usize>i) << 2));
}

export function setFloat(pointer: usize, i: i32, value: f32): void {
  store<f32>(pointer + ((<usize>i) << 2), value);
}

function checksum(pointer: usize, bytes: usize): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i: usize = 0; i < bytes; i += 4) hash = (hash ^ load<u32>(pointer + i)) * 0x01000193;
  return hash;
}

/** Remembers what the inputs hold. Call when they are complete, before the kernel runs. */
export function seal(): void {
  for (let r = 0; r < regions.length; ++r) {
    const region = regions[r];
    if (region.isInput) region.checksum = checksum(region.pointer, region.bytes);
  }
}

function guardsHold(start: usize, end: usize): bool {
  for (let p = start; p < end; p += 4) {
    if (load<u32>(p) !== FILLING) return false;
  }
  return true;
}

/** Fails where a guard or an input has changed. */
export function expectIntact(): void {
  let problem = '';
  for (let r = 0; r < regions.length; ++r) {
    const region = regions[r];
    const end = region.pointer + region.bytes;
    if (!guardsHold(region.guardStart, region.pointer)) problem = 'wrote before buffer ' + r.toString();
    if (!guardsHold(end, end + GUARD_BYTES)) problem = 'wrote past buffer ' + r.toString();
    if (region.isInput && checksum(region.pointer, region.bytes) !== region.checksum) {
      problem = 'changed input ' + r.toString();
    }
  }
  expect<string>(problem).toBe('', currentCase);
}
