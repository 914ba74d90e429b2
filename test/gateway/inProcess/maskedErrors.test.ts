import './here.ts';
import '../maskedErrors.test.ts';
