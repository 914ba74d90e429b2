// Shows the jobs of a graphile-worker process to chat-debug-gateway: its events become runs of the SDK.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const uuid = (hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const chatIdOf = (job) => `00000000-0000-4000-8000-${BigInt(job.id).toString(16).padStart(12, '0')}`;
/** As `chat_debug.runner_id` in views.sql. */
const runnerIdOf = (job, name) => uuid(createHash('md5').update(`${job.id} ${job.attempts} ${name}`).digest('hex'));

const BEAT = 'UPDATE chat_debug.processes SET beat_at = now(), names = $2 WHERE id = $1';

/**
 * Call it with the emitter that you give to `run({ events })`, before you do.
 * @param debug of `chatDebug(…)` @param promise seconds within which a job of a task should show progress or end
 */
export async function showJobs({ events, pool, debug, promise = () => undefined, beatMs = 9_000, port = 0 }) {
  const runs = new Map(); // job id → its run and its task
  const server = createServer(debug.handler);
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  await pool.query('INSERT INTO chat_debug.processes (id, relay_address, hostname) VALUES ($1, $2, $3)', [
    ...[debug.workerId, address, hostname()],
  ]);

  const names = []; // ids of worker pools, by which jobs are locked
  const heartbeats = debug.loop('heartbeats', { intervalSeconds: beatMs / 1_000 });
  events.on('pool:create', ({ workerPool }) => {
    names.push(workerPool.id);
    beat();
  });
  events.on('job:start', ({ worker, job }) => {
    const run = debug.run(chatIdOf(job), { runnerId: runnerIdOf(job, worker.workerPool.id) });
    const options = { attempt: job.attempts, maxAttempts: job.max_attempts };
    const progressWithinSeconds = promise(job.task_identifier);
    const label = job.task_identifier;
    runs.get(job.id)?.run.end(); // an earlier try whose end was not told
    runs.set(job.id, {
      run,
      task: run.task('job', { ...options, label, ...(progressWithinSeconds && { progressWithinSeconds }) }),
    });
  });
  events.on('job:complete', ({ job }) => {
    runs.get(job.id)?.run.end();
    runs.delete(job.id);
  });
  const beat = () =>
    pool.query(BEAT, [debug.workerId, names]).then(
      () => {
        heartbeats.ran();
        for (const { run } of runs.values()) run.lease();
      },
      (error) => heartbeats.failed(error),
    );
  const beating = setInterval(beat, beatMs);

  return {
    /** Call it in a job that wants to say that it gets on. */
    progress: (jobId, label) => runs.get(jobId)?.task.progress(label),
    stop: async () => {
      clearInterval(beating);
      await pool.query('UPDATE chat_debug.processes SET stopped_at = now() WHERE id = $1', [debug.workerId]);
      server.close();
      server.closeAllConnections();
    },
  };
}
