import * as program from '../../../program';
import { master } from '../../../master';
import { meet } from '../../../meet';

export const dynamic = 'force-dynamic';

/** Answers whether the module is the edited one. */
export function GET() {
  return Response.json('edited' in program);
}

/** Adds a title; answers what two masters in this bundle hold when they have met. */
export async function POST() {
  await (await master).transact((list) => list.add('tea'));
  return Response.json(await meet(program.TodoList));
}
