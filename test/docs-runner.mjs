/** Runs one sample (its path is the argument) and tells the parent how it ended. */
import { pathToFileURL } from 'node:url';

function fail(error) {
  const known = error instanceof Error;
  process.send(
    { failed: true, code: known ? error.code : undefined, text: known ? error.stack : String(error) },
    () => {
      process.exit(1);
    },
  );
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

// Success is told when nothing is left to do: an open master or a running timer is a fault of the sample.
process.once('beforeExit', () => process.send({ failed: false }));

try {
  await import(pathToFileURL(process.argv[2]).href);
} catch (error) {
  fail(error);
}
