// An app on Express with a worker's memory in it: below a path behind what reads bodies, and at its root before that.
import express from 'express';
import { chatDebug } from '../../dist/sdk/worker.js';

const debug = chatDebug({ internalSecret: process.argv[2], capacity: 3 });
debug.run('0b6f2c9e-5f0a-4c39-9b0e-6d1f0c2a7e55').task('generation');
const app = express();
app.use('/behind', express.json(), debug.handler); // before the other, which takes every path that ends so
app.use(debug.handler);
app.get('/hello', (_request, response) => response.json({ hello: 'world' }));
const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
