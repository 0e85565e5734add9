import { master } from '../master';

export const dynamic = 'force-dynamic';

export default async function Page() {
  const titles = (await master).query(({ todos }) => [...todos.values()].map(({ title }) => title).join());
  return <p>{titles}</p>;
}
