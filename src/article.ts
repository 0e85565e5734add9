/** Begins as a vowel is written and spoken otherwise: a URL, a Uint8Array, a User, a Euro, a One. */
const SPOKEN_AS_CONSONANT = /^(?:eu|one|u[ist]|uni|ur|uu)/i;

/** A noun with its indefinite article, as messages name things by their class: `an Object`, `a Map`, `a Uint8Array`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) && !SPOKEN_AS_CONSONANT.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** So many things, as messages count them: `1 event`, `2 events`. @param many the plural, where it is not the noun with an s */
export function counted(number: number, noun: string, many = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : many}`;
}

/** Things of a row by their numbers, and the words that fit, as messages name them: `event 3` and `is`, `events 3 to 5` and `are`. */
export function numbered(noun: string, from: number, to: number): Numbered {
  return from === to
    ? { what: `${noun} ${from}`, are: 'is', were: 'was', have: 'has', them: 'it' }
    : { what: `${noun}s ${from} to ${to}`, are: 'are', were: 'were', have: 'have', them: 'them' };
}

interface Numbered {
  readonly what: string;
  readonly are: string;
  readonly were: string;
  readonly have: string;
  readonly them: string;
}
