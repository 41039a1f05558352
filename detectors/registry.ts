export { ks } from './ks.ts';
export { meanLimit } from './mean-limit.ts';
export { psi } from './psi.ts';
export { quantileLimit } from './quantile-limit.ts';
export { shareLimit } from './share-limit.ts';
export { totalLimit } from './total-limit.ts';
