import './here.ts';
import '../snapshotRoute.test.ts';
