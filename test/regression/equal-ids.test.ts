/** Two streams have an event with one id, as after a copy of a machine or by a forger: all masters put them in one order. */
import 'reflect-metadata';
import { FORGED, inFolder, wordsOf } from '../notebook-folder.js';

test.each(['alpha', 'zulu'])('the stream decides, whichever came first: %s and a forger', async (name) => {
  await inFolder(async (folder) => {
    const honest = await folder.open(name);
    await honest.transact((book) => book.write('honest'));
    await honest.sync();
    const ids: string[] = [];
    for await (const { id } of honest.events()) ids.push(id);
    folder.forge(FORGED, [{ id: ids[0]!, args: ['copied'] }]);
    await honest.sync();
    const newcomer = await folder.open('newcomer');
    const expected = name < 'forger' ? ['honest', 'copied'] : ['copied', 'honest'];
    expect(wordsOf(honest)).toEqual(expected);
    expect(wordsOf(newcomer)).toEqual(expected);
    await honest.close();
    const again = await folder.open(name);
    expect(wordsOf(again)).toEqual(expected);
    await again.close();
    await newcomer.close();
  })();
});
