import './here.ts';
import '../liveWakeUps.test.ts';
