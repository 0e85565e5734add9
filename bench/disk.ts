import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Master, type MasterOptions } from '../src/index.js';
import { Log } from './log-model.js';
import type { Peers, SqliteDatabase } from './peers.js';

/** A directory on the project's disk: a temporary one may lie in memory. */
export class Place {
  readonly path: string;
  #count = 0;

  constructor() {
    mkdirSync(resolve('.cache'), { recursive: true });
    this.path = mkdtempSync(resolve('.cache', 'durability-'));
  }

  /** A path that nobody has used. */
  fresh(name: string): string {
    return join(this.path, `${name}-${this.#count++}`);
  }

  open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Log>> {
    const store = this.fresh(name);
    return Master.open(Log, { name: 'bench', store, local: `${store}-local`, snapshotEvery: 1e9, ...options });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Bytes of all files below a directory. */
export function bytesOf(path: string): number {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((one) => one.isFile())
    .reduce((sum, one) => sum + statSync(join(one.parentPath, one.name)).size, 0);
}

/** Bytes of the journals in a store. */
export function journalBytes(store: string): number {
  return readdirSync(store, { withFileTypes: true, recursive: true })
    .filter((one) => one.name.endsWith('.ndjson'))
    .reduce((sum, one) => sum + statSync(join(one.parentPath, one.name)).size, 0);
}

/** Opens a database with a table for calls. */
export function openSqlite(peers: Peers, path: string, synchronous: 'FULL' | 'NORMAL'): SqliteDatabase {
  const database = new peers.sqlite(path);
  database.pragma('journal_mode = WAL');
  database.pragma(`synchronous = ${synchronous}`);
  database.exec('CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, text TEXT NOT NULL)');
  return database;
}
