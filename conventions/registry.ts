export { genAi } from './gen-ai.ts';
export { tabular } from './tabular.ts';
