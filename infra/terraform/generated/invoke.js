// The resolver of every field, in AppSync's JavaScript (APPSYNC_JS, which lacks `in` and `throw`). It
// passes on what the function reads, and turns its answer into data or into an error with a type. A
// direct Lambda resolver would surface every error as `Lambda:Unhandled`.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  return {
    operation: 'Invoke',
    payload: {
      arguments: ctx.args,
      identity: ctx.identity,
      info: { fieldName: ctx.info.fieldName },
      request: { headers: ctx.request.headers },
    },
  };
}

export function response(ctx) {
  // For `latchstring doctor --probe`: what SOURCE=appsync reads, to the request that it came with.
  const headers = ctx.request ? ctx.request.headers : {};
  if (headers['x-latchstring-probe'] === 'source') {
    const forwarded = headers['x-forwarded-for'];
    util.http.addResponseHeader('x-latchstring-forwarded-for', forwarded ? forwarded : 'none');
  }
  const answer = ctx.result;
  // With `ctx.error` the function threw, timed out or was throttled: what it said is not for callers.
  if (!ctx.error && isObject(answer)) {
    const hasData = Object.hasOwn(answer, 'data');
    const hasError = Object.hasOwn(answer, 'error');
    if (hasData && !hasError) {
      return answer.data;
    }
    if (hasError && !hasData && isError(answer.error)) {
      util.error(answer.error.message, answer.error.type);
    }
  }
  util.error('Something went wrong.', 'Internal');
}

function isError(value) {
  return isObject(value) && typeof value.type === 'string' && typeof value.message === 'string';
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}
