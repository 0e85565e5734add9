import type { ChildProcess } from 'node:child_process';

/** Ends a process of a test by its own id, and waits until it is gone; nothing if it was never started or has ended. */
export async function endProcess(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.kill(signal);
  await ended;
}
