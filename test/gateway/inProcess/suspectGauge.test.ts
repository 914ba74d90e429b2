import './here.ts';
import '../suspectGauge.test.ts';
