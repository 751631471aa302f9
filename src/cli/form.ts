/** The forms of output that `heed pronounce` has. */
import { type AttentionMap, attentionMap, attentionPage, attentionSheet } from '../plot.ts';
import type { Alternative, Pronunciation } from '../pronounce.ts';
import { UsageError } from './failure.ts';

/** What words become: text for each, and what is left for the end. */
export interface Form {
  pronounced(pronunciation: Pronunciation): string;
  /** For a word that cannot be pronounced. */
  failed(word: string, message: string): string;
  /** The rest, or undefined where the output as a whole has nothing to show. */
  end(): string | undefined;
}

/** Maps in one SVG or HTML document. */
const MOST_MAPS = 200;

/** `attention  AH0 T EH1 N SH AH0 N`, or the same with IPA. */
export function textForm(notation: 'arpabet' | 'ipa'): Form {
  return {
    pronounced: ({ word, phonemes, ipa }) => `${word}  ${notation === 'ipa' ? ipa : phonemes.join(' ')}\n`,
    failed: () => '',
    end: () => '',
  };
}

/** Everything known of a word as JSON, one line for each; scores to six decimals, weights to five. */
export function jsonForm(): Form {
  return {
    pronounced(pronunciation) {
      const { word, alternatives, attention, changed } = pronunciation;
      const { phonemes, letters } = attention;
      const weights = attention.weights.map((row) => Array.from(row, (weight) => rounded(weight, 5)));
      return line({
        word,
        ...jsonAlternative(pronunciation),
        alternatives: alternatives.map(jsonAlternative),
        attention: { phonemes, letters, weights },
        changed,
      });
    },
    failed: (word, error) => line({ word, error }),
    end: () => '',
  };
}

/** Each word's sound and, below, its map. */
export function terminalForm(options: { colour: boolean; width: number }): Form {
  let first = true;
  return {
    pronounced(pronunciation) {
      const gap = first ? '' : '\n';
      first = false;
      return `${gap}${titleOf(pronunciation)}\n${mapOf(pronunciation).toTerminal(options)}\n`;
    },
    failed: () => '',
    end: () => '',
  };
}

/** All maps in one document. `pronounced` throws UsageError beyond 200 words. */
export function documentForm(format: 'svg' | 'html'): Form {
  const maps: AttentionMap[] = [];
  return {
    pronounced(pronunciation) {
      if (maps.length === MOST_MAPS) {
        throw new UsageError(
          `--map ${format} draws at most ${MOST_MAPS} words; --map terminal and --json have no limit`,
        );
      }
      maps.push(mapOf(pronunciation, titleOf(pronunciation, ' · ')));
      return '';
    },
    failed: () => '',
    end() {
      if (maps.length === 0) return undefined;
      return format === 'html' ? attentionPage(maps) : `${attentionSheet(maps)}\n`;
    },
  };
}

function mapOf(pronunciation: Pronunciation, title?: string): AttentionMap {
  const { phonemes, letters, weights } = pronunciation.attention;
  return attentionMap({
    rows: phonemes,
    columns: letters,
    weights,
    title,
    rowsTitle: 'phonemes',
    columnsTitle: 'letters',
  });
}

function titleOf({ word, phonemes, ipa }: Pronunciation, separator = '  '): string {
  return [word, phonemes.join(' '), ipa].filter((part) => part !== '').join(separator);
}

function jsonAlternative({ phonemes, ipa, score }: Alternative): Alternative {
  return { phonemes, ipa, score: rounded(score, 6) };
}

function rounded(value: number, decimals: number): number {
  const factor = 10 ** decimals;
  return Math.round(value * factor) / factor;
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
