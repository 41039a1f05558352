export { email } from './email.ts';
export { webhook } from './webhook.ts';
