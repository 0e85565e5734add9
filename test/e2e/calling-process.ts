import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process that opens a master and calls until it is refused or told to stop, and what it said. */
export class CallingProcess {
  readonly heard: string[] = [];
  readonly process: ChildProcess;
  readonly #ended: Promise<void>;
  #listening: (() => void) | undefined;

  /** @param script compiled; `call-until-refused.ts` does its work @param silence ms after which its name may be taken over */
  constructor(script: string, url: string, space: string, silence = 500) {
    this.process = spawn(process.execPath, [script, url, space, 'child', String(silence)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface(this.process.stdout!);
    lines.on('line', (line) => {
      this.heard.push(line);
      this.#listening?.();
    });
    this.#ended = new Promise((resolve) => lines.on('close', resolve));
  }

  get acknowledged(): string[] {
    return this.heard.filter((line) => line.startsWith('+')).map((line) => line.slice(1));
  }

  /** Until something holds, or the process has ended. */
  async until(holds: () => boolean): Promise<void> {
    const held = new Promise<void>((resolve) => {
      this.#listening = () => {
        if (holds()) resolve();
      };
      this.#listening();
    });
    await Promise.race([held, this.#ended]);
  }
}
