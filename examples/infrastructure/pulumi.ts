// A program of Pulumi: `pulumi up`.
import { latchstring } from './latchstring';

const stack = latchstring('latchstring', {
  folder: process.env.LATCHSTRING_LAMBDAS ?? 'latchstring-lambdas-arm64',
  parameters: { Api: 'http', EmailFromAddress: 'codes@example.com', SmsCountries: 'DE,AT', AppName: 'Acme', CodesPerDay: '8' },
});

export const url = stack.outputs.apply((outputs) => outputs.HttpUrl);
export const userPoolId = stack.outputs.apply((outputs) => outputs.UserPoolId);
