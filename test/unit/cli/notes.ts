import { Prevalent, Transaction } from '../../../src/index.js';

export class Note {
  constructor(public text: string) {}
}

/** The model of these tests; `verify --model` loads it from here. */
@Prevalent('cli-tools', { classes: [Note] })
export class Notes {
  readonly all: Note[] = [];
  @Transaction() write(text: string): void {
    if (text === '') throw new Error('empty');
    this.all.push(new Note(text));
  }
}
