import 'reflect-metadata';
import { Controller, Get, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Master } from 'prevalent';
import { meet } from '../meet.js';
import { TodoList } from '../program.js';

const MASTER = Symbol('master');

@Injectable()
class Closing implements OnApplicationShutdown {
  constructor(@Inject(MASTER) private readonly master: Master<TodoList>) {}

  async onApplicationShutdown(): Promise<void> {
    await this.master.close();
  }
}

@Controller()
class Lists {
  constructor(@Inject(MASTER) private readonly master: Master<TodoList>) {}

  @Get('add') add(): Promise<object> {
    return this.master.transact((list) => list.add('tea'));
  }

  @Get('titles') titles(): string {
    return this.master.query(({ todos }) => [...todos.values()].map(({ title }) => title).join());
  }
}

@Module({
  controllers: [Lists],
  providers: [
    Closing,
    {
      provide: MASTER,
      useFactory: () => Master.open(TodoList, { name: 'nest', store: './shared', local: './local' }),
    },
  ],
})
class App {}

async function main(): Promise<void> {
  const app = await NestFactory.create(App, { logger: ['error'] });
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  await fetch(`${url}/add`);
  const titles = await (await fetch(`${url}/titles`)).text();
  await app.close();
  if (titles !== 'tea') throw new Error(`the server answered ${titles}`);
  console.log(await meet(TodoList));
}

void main();
