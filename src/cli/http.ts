/**
 * undici behind a module of our own: imported dynamically it stays out of a quick start, and the bundle gives its names
 * (a CommonJS package imported dynamically would come as its default export alone).
 */
export { Agent, ProxyAgent, request } from 'undici';
