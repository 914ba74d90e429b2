/** A process that tries to lock the folder of its first message, reports the outcome, and stays. */
import { once } from 'node:events';
import { lockDirectory } from '../../../local/lock/directoryLock.ts';

const [{ folder, holder }] = (await once(process, 'message')) as [{ folder: string; holder: string }];
process.on('disconnect', () => process.exit());
await lockDirectory(folder, holder).then(
  () => process.send?.('held'),
  (error: Error) => process.send?.(error.message),
);
