import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { phonemes } from '../../src/pronounce/alphabet.ts';
import { toIPA } from '../../src/pronounce/ipa.ts';

describe('toIPA', () => {
  it.each([
    ['HH AH0 L OW1', 'həˈloʊ'],
    ['AH0 B AW1 T', 'əˈbaʊt'],
    ['B AH1 T ER0', 'ˈbʌtɚ'],
    ['B ER1 D', 'ˈbɝd'],
    ['AE2 B S T EY1 N', 'ˌæbˈsteɪn'],
    ['IH0 K S T R IY1 M', 'ɪkˈstɹim'],
    ['AH0 T L AE1 N T IH0 K', 'ətˈlæntɪk'],
    ['S T R EH1 NG K TH', 'ˈstɹɛŋkθ'],
    ['S IH2 NG AH0 L OW1 NG', 'ˌsɪŋəˈloʊŋ'],
    ['S IH0 NG AO1 R', 'sɪŋˈɔɹ'],
    ['AH0 N Y UW1 ZH AH0 W AH0 L', 'ənˈjuʒəwəl'],
    ['K AH0 M P Y UW1 T ER0', 'kəmˈpjutɚ'],
    ['K EY0 AA1 S', 'keɪˈɑs'],
    ['T S UW0 N AA1 M IY0', 'tsuˈnɑmi'],
    ['N G UW1 Y EH2 N', 'ˈnɡuˌjɛn'],
    ['JH OY1 CH', 'ˈdʒɔɪtʃ'],
    ['DH AH0', 'ðə'],
    ['SH', 'ʃ'],
  ])('%s is %s', (symbols, ipa) => {
    expect(toIPA(symbols.split(' '))).toBe(ipa);
  });

  it('of no phonemes is empty', () => expect(toIPA([])).toBe(''));

  it('tells vowels and consonants apart from each other', () => {
    const stressless = phonemes.filter((phoneme) => !/[12]$/.test(phoneme));
    expect(new Set(stressless.map((phoneme) => toIPA([phoneme]))).size).toBe(stressless.length);
    expect(toIPA(['AH2'])).toBe('ˌʌ');
    expect(toIPA(['ER2'])).toBe('ˌɝ');
  });

  it('has one mark for each stressed vowel, and the same sounds as the phonemes one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...phonemes)), (symbols) => {
        const ipa = toIPA(symbols);
        expect(ipa.match(/ˈ/g)?.length ?? 0).toBe(symbols.filter((symbol) => symbol.endsWith('1')).length);
        expect(ipa.match(/ˌ/g)?.length ?? 0).toBe(symbols.filter((symbol) => symbol.endsWith('2')).length);
        const sounds = symbols.map((symbol) => toIPA([symbol])).join('');
        expect(ipa.replace(/[ˈˌ]/g, '')).toBe(sounds.replace(/[ˈˌ]/g, ''));
      }),
    );
  });

  it('refuses what is not a phoneme', () => {
    expect(() => toIPA(['B', 'AH'])).toThrow(ArgumentError);
    expect(() => toIPA(['B', 'AH'])).toThrow(
      'toIPA: phonemes[1] is "AH", expected an ARPAbet symbol such as "B" or "AH0"',
    );
    for (const symbol of ['', 'b', 'AH3', '<eos>', 'constructor', 'B AH0', '\ud800']) {
      expect(() => toIPA([symbol])).toThrow(ArgumentError);
    }
  });
});
