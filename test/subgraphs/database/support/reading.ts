/** A reading as the subgraph begins one, but that writes no log, and for which nobody asks why something took long. */
import { Registry } from 'prom-client';
import { systemClock } from '../../../../common/clock.ts';
import { makeLogger } from '../../../../server/log.ts';
import { makeReadingMetrics } from '../../../../subgraphs/database/metrics.ts';
import { Reading, type ReadingOptions } from '../../../../subgraphs/database/reading.ts';
import { onlyCarefully, ownTables } from './platforms.ts';

/** Of this project's own tables, unless told otherwise. Whoever opens it closes it. */
export const openReading = (options: Pick<ReadingOptions, 'prisma' | 'timeoutMs'> & Partial<ReadingOptions>): Reading =>
  new Reading({
    clock: systemClock,
    log: makeLogger('reading', 'silent'),
    metrics: makeReadingMetrics(new Registry()),
    inquire: async () => undefined,
    platforms: ownTables,
    quickWay: onlyCarefully,
    ...options,
  });
