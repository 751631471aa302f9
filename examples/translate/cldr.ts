/**
 * English names of emoji and signs with those of another language: the annotations of Unicode's CLDR, from the packages
 * `cldr-annotations-full` and `cldr-annotations-derived-full` (Unicode licence).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { FormatError } from 'heed';
import type { Pair } from './pairs.ts';
import { normalise } from './vocabulary.ts';

/** Each sign's names; the first of `tts`, text to speech, is its name. */
type Annotations = Readonly<Record<string, { readonly tts?: readonly string[] }>>;

/** The package of a sign's own names, and that of names put together, such as those with skin tones. */
const sources = [
  { name: 'cldr-annotations-full', folder: 'annotations' },
  { name: 'cldr-annotations-derived-full', folder: 'annotationsDerived' },
] as const;

/** Languages that have names in both packages, as CLDR's locales. */
export function cldrLanguages(): string[] {
  const [own, derived] = sources.map(
    ({ name, folder }) => new Set(readdirSync(join(packageFolder(name), folder))),
  );
  return [...own!].filter((locale) => derived!.has(locale) && locale !== 'en').sort();
}

/**
 * The English name and the other language's of each sign that has both, in the packages' order.
 * @param language a locale of CLDR, such as 'ko' or 'fr'
 * @throws FormatError for a language without names
 */
export function cldrPairs(language: string): Pair[] {
  if (!cldrLanguages().includes(language)) {
    throw new FormatError(
      `CLDR has no names in ${JSON.stringify(language)}, expected one of ${cldrLanguages().join(', ')}`,
    );
  }
  return sources.flatMap(({ name, folder }) => {
    const english = annotationsOf(name, folder, 'en');
    const others = annotationsOf(name, folder, language);
    return Object.entries(english).flatMap(([sign, { tts = [] }]) => {
      const [source] = tts;
      const [target] = others[sign]?.tts ?? [];
      return source && target ? [{ source: normalise(source), target: normalise(target) }] : [];
    });
  });
}

/**
 * The base phrases of a name and its translation: what stands before the colon, without skin tones, hair, directions and
 * members of a family: 'woman running: medium skin tone, facing right' as 'woman running'. A flag's name is a phrase of
 * its own in both languages, for what follows its colon is a country and not a variant.
 */
export function basePhrases({ source, target }: Pair): Pair {
  if (source.startsWith('flag: ')) return { source, target };
  return { source: beforeColon(source), target: beforeColon(target) };
}

/** Chinese writes the colon as a wide one. */
function beforeColon(name: string): string {
  return name.split(/ ?[:：]/, 1)[0] || name;
}

function annotationsOf(name: string, folder: string, language: string): Annotations {
  const path = join(packageFolder(name), folder, language, 'annotations.json');
  if (!existsSync(path)) return {};
  const file = JSON.parse(readFileSync(path, 'utf8')) as Record<
    string,
    { readonly annotations?: Annotations } | undefined
  >;
  return file[folder]?.annotations ?? {};
}

function packageFolder(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}
