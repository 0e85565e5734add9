/** The decisions of the protocol, each of which checks what goes in and what comes out, and throws what is wrong. */
import { fileURLToPath } from 'node:url';
import * as accept from '../src/protocol/accept.js';
import * as adopt from '../src/protocol/adopt.js';
import * as deciding from '../src/protocol/decide.js';
import type { Facts } from '../src/protocol/facts.js';
import * as frontiers from '../src/protocol/frontier.js';
import * as openings from '../src/protocol/opening.js';
import * as past from '../src/protocol/past.js';
import * as seals from '../src/protocol/sealing.js';
import type { Need, Seen } from '../src/protocol/seen.js';
import * as sheddings from '../src/protocol/shedding.js';
import * as invariants from './protocol-invariants.js';

/** Whether they check at all: in very many schedules one after the other, some are enough. */
export const checking = { isOn: true };

/** @throws Error that says all that is wrong, and where */
function verify(where: string, ...wrongs: readonly invariants.Wrong[]): void {
  const wrong = wrongs.flat();
  if (wrong.length > 0) throw new Error(`${where}: ${wrong.join('; ')}`);
}

/** A decision that asks for what it needs. @param wrong of what it gives in the end, by its kind */
function checkedDecision<Kind extends string, Decided extends { readonly kind: Kind }, More extends readonly unknown[]>(
  name: string,
  decide: (facts: Facts, seen: Seen, ...more: More) => Need | Decided,
  wrong: (decided: Decided, facts: Facts, ...more: More) => invariants.Wrong,
): (facts: Facts, seen: Seen, ...more: More) => Need | Decided {
  return (facts, seen, ...more) => {
    if (!checking.isOn) return decide(facts, seen, ...more);
    verify(`${name} is given`, invariants.wrongInFacts(facts));
    const decided = decide(facts, seen, ...more);
    if (decided.kind === 'need') verify(`${name} asks`, invariants.wrongInNeed(decided as Need, seen));
    else verify(`${name} gives`, wrong(decided as Decided, facts, ...more));
    return decided;
  };
}

export const decide = checkedDecision('decide', deciding.decide, (decided, facts) =>
  decided.kind === 'refusal' ? [] : invariants.wrongInDecision(decided, facts),
);
export const decideSeal = checkedDecision('decideSeal', seals.decideSeal, invariants.wrongInSealing);
export const decideShedding = checkedDecision('decideShedding', sheddings.decideShedding, invariants.wrongInShedding);
export const stretchTo = checkedDecision('stretchTo', past.stretchTo, (decided, facts, point: string) =>
  decided.kind === 'refusal' ? [] : invariants.wrongInStretch(decided, facts, point),
);

export const adoption: typeof adopt.adoption = (facts, heard) => {
  if (!checking.isOn) return adopt.adoption(facts, heard);
  verify('adoption is given', invariants.wrongInFacts(facts));
  const adopted = adopt.adoption(facts, heard);
  if (adopted.kind === 'adoption') verify('adoption gives', invariants.wrongInAdoption(adopted, facts));
  return adopted;
};

export const acceptStreams: typeof accept.acceptStreams = (incoming, rules) => {
  if (!checking.isOn) return accept.acceptStreams(incoming, rules);
  verify('acceptStreams is given', invariants.wrongInVector(rules.accepted));
  const acceptance = accept.acceptStreams(incoming, rules);
  verify('acceptStreams gives', invariants.wrongInAcceptance(acceptance, incoming, rules));
  return acceptance;
};

export const frontierOf: typeof frontiers.frontierOf = (facts, runtime, promise) => {
  if (!checking.isOn) return frontiers.frontierOf(facts, runtime, promise);
  verify('frontierOf is given', invariants.wrongInFacts(facts));
  const frontier = frontiers.frontierOf(facts, runtime, promise);
  verify('frontierOf gives', invariants.wrongInFrontier(frontier, facts, promise));
  return frontier;
};

export const decideOpening: typeof openings.decideOpening = (facts, isToldToBegin) => {
  if (!checking.isOn) return openings.decideOpening(facts, isToldToBegin);
  const opening = openings.decideOpening(facts, isToldToBegin);
  verify('decideOpening gives', invariants.wrongInOpening(opening, facts));
  return opening;
};

/** Puts them in the place of the decisions, for what is imported from now on. @param mock as `jest.unstable_mockModule` */
export function replaceDecisions(mock: (path: string, module: () => object) => unknown): void {
  const modules: Readonly<Record<string, object>> = {
    accept: { ...accept, acceptStreams },
    adopt: { ...adopt, adoption },
    decide: { ...deciding, decide },
    frontier: { ...frontiers, frontierOf },
    opening: { ...openings, decideOpening },
    past: { ...past, stretchTo },
    sealing: { ...seals, decideSeal },
    shedding: { ...sheddings, decideShedding },
  };
  for (const [name, module] of Object.entries(modules))
    mock(fileURLToPath(new URL(`../src/protocol/${name}.ts`, import.meta.url)), () => module);
}
