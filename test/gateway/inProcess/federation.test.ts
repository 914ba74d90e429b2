import './here.ts';
import '../federation.test.ts';
