// AppSync runs a part of JavaScript; its plugin knows which.
import appsync from '@aws-appsync/eslint-plugin';

export default [appsync.configs.base];
