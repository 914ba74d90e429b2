import './here.ts';
import '../routing.test.ts';
