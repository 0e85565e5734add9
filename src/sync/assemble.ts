import type { Replica } from '../replica/replica.js';
import type { Journal, Store } from '../store/store.js';
import { Act } from './act.js';
import { Compactor } from './compactor.js';
import { Engine } from './engine.js';
import { History } from './history.js';
import { Known } from './known.js';
import { Look } from './look.js';
import type { ResolvedOptions } from './options.js';
import { OwnStream } from './own-stream.js';
import { Snapshots } from './snapshot/snapshots.js';
import { Snapshotter } from './snapshot/snapshotter.js';

/** What works on one replica. */
export interface Assembly {
  readonly engine: Engine;
  readonly history: History;
  readonly known: Known;
  readonly own: OwnStream;
}

/** Puts the parts of one master together. Two callbacks lead upwards: a call was recorded, and files of the journal were put back. */
export function assemble(replica: Replica, store: Store, journal: Journal, options: ResolvedOptions): Assembly {
  const own = new OwnStream(store, journal, replica, {
    durability: options.durability,
    recorded: () => {
      act.count(1);
    },
    putBack: (message, missing) => {
      act.putBack(message, missing);
    },
  });
  const known = new Known(options, journal.seal, journal.notices);
  const snapshots = new Snapshots(store, own, {
    definition: replica.definition,
    classes: replica.classes,
    genesis: () => replica.executor.genesis(),
  });
  const look = new Look(store, own, snapshots);
  const act = new Act(known, replica, own, new Snapshotter(replica, snapshots, own, known));
  const history = new History(replica, look, act);
  const engine = new Engine(look, act, new Compactor(known, look, act, history));
  return { engine, history, known, own };
}
