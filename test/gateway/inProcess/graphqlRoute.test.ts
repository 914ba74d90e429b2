import './here.ts';
import '../graphqlRoute.test.ts';
