/** Begins as a vowel is written and spoken otherwise: a URL, a Uint8Array, a User, a Euro, a One. */
const SPOKEN_AS_CONSONANT = /^(?:eu|one|u[ist]|uni|ur|uu)/i;

/** A noun with its indefinite article, as messages name things by their class: `an Object`, `a Map`, `a Uint8Array`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) && !SPOKEN_AS_CONSONANT.test(noun) ? 'an' : 'a'} ${noun}`;
}
