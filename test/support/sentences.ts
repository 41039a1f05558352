import type { Random } from '../../core/ports.ts';

const subjects = ['Your order', 'The invoice', 'Your refund', 'The parcel', 'Your account', 'The report'];
const verbs = [
  'was sent',
  'was checked',
  'is being prepared',
  'has been updated',
  'will arrive',
  'was approved',
];
const times = [
  'on Tuesday',
  'yesterday',
  'this morning',
  'within 5 days',
  'on 14 March',
  'by the end of the week',
];
const ends = [
  'You can track it from your account page.',
  'Please contact us if you need anything else.',
  'We have sent the details to your e-mail address.',
  'There is nothing more that you have to do.',
];
const german = [
  'Ihre Bestellung wurde am Dienstag verschickt und sollte am Donnerstag bei Ihnen sein.',
  'Die Rechnung finden Sie in Ihrem Konto unter den Bestellungen der letzten Wochen.',
  'Wir haben die Rückerstattung geprüft und sie wird in den nächsten Tagen überwiesen.',
  'Bitte melden Sie sich bei uns, wenn Sie noch etwas brauchen oder Fragen haben.',
];
const refusals = [
  "I'm sorry, but I can't help with that request.",
  'I cannot assist with this question. Please contact the support team.',
  'As an AI model I am not able to look into orders.',
];
const questions = [
  'Where is my order',
  'How long does a refund take',
  'Can you check the invoice',
  'What is the state of',
];

/** Texts as customers and an assistant write them; everything follows from the random numbers. */
export function createWriter(random: Random) {
  const pick = (list: readonly string[]) => list[Math.floor(random.next() * list.length)] as string;
  const many = (one: () => string, most: number) =>
    Array.from({ length: 1 + Math.floor(random.next() * most) }, one).join(' ');
  const sentence = () => `${pick(subjects)} ${pick(verbs)} ${pick(times)}. ${pick(ends)}`;
  return {
    question: () => `${pick(questions)} ${10_000 + Math.floor(random.next() * 90_000)}?`,
    english: () => many(sentence, 4),
    german: () => many(() => pick(german), 4),
    refusal: () => pick(refusals),
    json: () => JSON.stringify({ state: pick(verbs), when: pick(times), note: sentence() }),
  };
}
