/** The one system that the tests of a file share: the processes of `npm start`, with short times. */
import { beforeAll } from '@jest/globals';
import { type System, systemsPerFile } from '../../system/system.ts';
import { Field } from './field.ts';

/** Call at the top of a test file. @param changes to the environment, asked for when the system starts */
export function systemOfFile(changes: () => Readonly<Record<string, string>> = () => ({})): Field {
  const systems = systemsPerFile();
  const started: { system?: System } = {};
  const running = () => {
    if (!started.system) throw new Error('The system runs once the tests run, not while the file is read');
    return started.system;
  };
  beforeAll(async () => {
    started.system = await systems.start(changes());
    started.system.pool.on('error', () => {}); // a test may end its sessions; the query on one reports it
  });
  return new Field(running);
}
