import { transformSync, type Options } from '@swc/core';
import ts from 'typescript';
import * as prevalent from 'prevalent';

/** One source under every way in which people compile decorators. */
const source = (name: string): string => `
  class Money { constructor(readonly cents: number = 0) {} plus(other: Money): Money { return new Money(this.cents + other.cents); } }
  @Prevalent('${name}', { classes: { money: Money } })
  class Account {
    balance = new Money();
    readonly dates: Date[] = [];
    @Transaction('deposit') deposit(amount: Money, at: Date): number {
      this.balance = this.balance.plus(amount);
      this.dates.push(at);
      return this.balance.cents;
    }
    @Transaction() touch(): string { return Transaction.current!.id; }
  }
  give({ Account, Money });
`;

interface Sample {
  readonly Account: new () => {
    balance: { cents: number };
    dates: Date[];
    deposit(amount: unknown, at: Date): number;
    touch(): string;
  };
  readonly Money: new (cents: number) => { cents: number };
}

const typescript = (options: ts.CompilerOptions) => (text: string) =>
  ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, ...options },
  }).outputText;

const swc = (transform: NonNullable<NonNullable<Options['jsc']>['transform']>) => (text: string) =>
  transformSync(text, {
    swcrc: false,
    configFile: false,
    module: { type: 'es6' },
    isModule: true,
    jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true }, transform },
  }).code;

test.each<[string, (text: string) => string]>([
  ['typescript, legacy, with metadata', typescript({ experimentalDecorators: true, emitDecoratorMetadata: true })],
  ['typescript, legacy, without metadata', typescript({ experimentalDecorators: true })],
  ['typescript, standard', typescript({})],
  ['swc, legacy, with metadata', swc({ legacyDecorator: true, decoratorMetadata: true })],
  ['swc, legacy, without metadata', swc({ legacyDecorator: true })],
  ['swc, standard', swc({ decoratorVersion: '2022-03' })],
])('%s', async (how, compile) => {
  const { Account, Money } = run(compile(source(how.replaceAll(/[^a-z]+/g, '-'))));
  const store = new prevalent.MemoryStore();
  const master = await prevalent.Master.open(Account, { name: 'one', store });
  expect(master.model.deposit(new Money(5), new Date(7))).toBe(5);
  expect(master.model.balance).toBeInstanceOf(Money);
  expect(master.model.touch()).toHaveLength(26);
  await master.close();
  const again = await prevalent.Master.open(Account, { name: 'one', store });
  expect(again.model.balance).toBeInstanceOf(Money);
  expect(again.query((account) => account)).toMatchObject({ balance: { cents: 5 }, dates: [new Date(7)] });
  await again.close();
  // Without a master the same compiled class is an ordinary one.
  expect(new Account().deposit(new Money(1), new Date(0))).toBe(1);
});

function run(code: string): Sample {
  let given: Sample | undefined;
  const give = (sample: Sample): void => {
    given = sample;
  };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the compiled text is this test's own
  new Function('Prevalent', 'Transaction', 'give', code)(prevalent.Prevalent, prevalent.Transaction, give);
  if (given === undefined) throw new Error('the sample gave nothing');
  return given;
}
