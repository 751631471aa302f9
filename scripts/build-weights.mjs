// Embeds the shipped weights as a base64 module, so that the default model needs no path and no download.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

mkdirSync('build/weights', { recursive: true });
const base64 = readFileSync('models/pronounce/pronounce.safetensors').toString('base64');
writeFileSync('build/weights/pronounce.js', `export default '${base64}';\n`);
writeFileSync('build/weights/pronounce.d.ts', 'declare const base64: string;\nexport default base64;\n');
