import './here.ts';
import '../diagnosis.test.ts';
