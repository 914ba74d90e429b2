/** Commands on bundles: writing one, judging one, comparing two. */
import { systemClock } from '../../common/clock.ts';
import type { BundleReason } from '../../domain/incidents/step.ts';
import { printable } from '../printable.ts';
import { asking, NoAnswer } from './ask.ts';
import { takeBundle, withPseudonyms } from './bundle.ts';
import { bundleIn, bundleText, writeBundle } from './bundleFile.ts';
import { callerOf } from './caller.ts';
import { diffOf } from './diff.ts';
import { askStoredBundle } from './incidents.ts';
import { codeOf, type Shown } from './shown.ts';
import { findGateway } from './target.ts';
import { whyFrom } from './whyFrom.ts';

interface WhyFromOptions {
  readonly watch?: true;
  readonly everywhere?: true;
}

interface BundleOptions {
  readonly url?: string;
  readonly token?: string;
  readonly output?: string;
  readonly anonymous?: true;
  readonly salt?: string;
}

interface StoredBundleOptions {
  readonly why: BundleReason;
  readonly output: string;
  readonly json?: true;
  readonly watch?: true;
}

/** @throws NoAnswer if the file is no bundle, or one of another chat */
export function whyFromFile(file: string, id: string | undefined, { watch, everywhere }: WhyFromOptions): Shown {
  if (watch) throw new NoAnswer('A bundle does not change: --from cannot be watched.', false);
  const bundle = bundleIn(file);
  const { chatId } = bundle.snapshot;
  if (id !== undefined && id !== chatId) throw new NoAnswer(`The bundle is of another chat: ${chatId}.`, false);
  return whyFrom(bundle, everywhere ? 'everywhere' : 'owner');
}

/**
 * Takes a bundle and writes it to a file, or to standard output. The process ends as `why` does.
 * @throws NoAnswer if it cannot be taken or written
 */
export async function writeBundleOf(id: string, options: BundleOptions): Promise<void> {
  if (options.salt !== undefined && !options.anonymous) throw new NoAnswer('--salt needs --anonymous.', false);
  const gateway = findGateway(options);
  const taker = { ask: asking(gateway), now: () => systemClock.now(), takenBy: callerOf(gateway.token) };
  const taken = await takeBundle(taker, id);
  const bundle = options.anonymous ? withPseudonyms(taken, options.salt) : taken;
  if (options.output === undefined) process.stdout.write(bundleText(bundle));
  else {
    writeBundle(options.output, bundle);
    console.log(printable(`${options.output}: ${bundle.diagnosis?.summary ?? ''}`));
  }
  process.exitCode = codeOf(bundle.diagnosis?.verdict ?? 'UNKNOWN');
}

/**
 * Writes a bundle that an incident keeps to a file. The process ends as `why` does.
 * @throws NoAnswer if there is none of this reason, or it cannot be written
 */
export async function writeStoredBundle(
  id: string,
  { why, output, json, watch, ...given }: Pick<BundleOptions, 'url' | 'token'> & StoredBundleOptions,
): Promise<void> {
  const other = watch ? '--watch' : json ? '--json' : undefined;
  if (other) throw new NoAnswer(`-o writes one bundle, which is JSON, and is done: leave ${other} out.`, false);
  const bundle = await askStoredBundle(asking(findGateway(given)), id, why);
  writeBundle(output, bundle);
  console.log(printable(`${output}: ${bundle.diagnosis?.summary ?? ''}`));
  process.exitCode = codeOf(bundle.diagnosis?.verdict ?? 'UNKNOWN');
}

/** @throws NoAnswer if one of the files is no bundle */
export const diffOfFiles = (first: string, second: string): Shown => diffOf(bundleIn(first), bundleIn(second));
