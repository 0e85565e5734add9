/** Opens the master whose options it is given, and prints how many MiB this process took at most. */
import { Master, type MasterOptions } from '../src/index.js';
import { Log } from './log-model.js';

const master = await Master.open(Log, JSON.parse(process.argv[2]!) as MasterOptions);
await master.close();
console.log(process.resourceUsage().maxRSS / 1024);
