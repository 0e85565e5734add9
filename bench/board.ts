import { Prevalent, Transaction } from '../src/index.js';

export class Task {
  constructor(
    readonly id: string,
    public title: string,
    public done = false,
  ) {}
}

/** The model of the state benchmarks: many small objects in one Map. */
@Prevalent('bench-board', { classes: [Task] })
export class Board {
  readonly tasks = new Map<string, Task>();
  toggles = 0;

  /** The small transaction that is measured. */
  @Transaction() toggle(id: string): void {
    const task = this.tasks.get(id);
    if (task === undefined) throw new Error(`No task ${id}`);
    task.done = !task.done;
    this.toggles++;
  }

  @Transaction() remove(id: string): void {
    this.tasks.delete(id);
  }

  @Transaction() fill(count: number): void {
    for (let index = 0; index < count; index++) {
      const id = taskId(index);
      this.tasks.set(id, new Task(id, `Task number ${index}`));
    }
  }
}

export function taskId(index: number): string {
  return `task-${index}`;
}

/** A board that no master manages. */
export function filledBoard(count: number): Board {
  const board = new Board();
  board.fill(count);
  return board;
}

/** `count` ids out of `among`, evenly spread and in a fixed disorder, so that caches help no side more than another. */
export function scatteredIds(count: number, among: number): string[] {
  const step = among / Math.min(count, among);
  // Coprime to every count used here.
  const stride = 7919;
  return Array.from({ length: count }, (_, index) =>
    taskId(Math.floor((((index % among) * stride) % Math.min(count, among)) * step)),
  );
}
