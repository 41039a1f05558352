export { worstSegment } from './segments/worst-segment.ts';
