import { describe, expect, it } from 'vitest';
import { anObject, execute } from './action.fixture.ts';
import { serviceAccount } from './service-account.ts';

describe('service accounts', () => {
  it('V-RIA-012 lose the last reference to a token of their own, and no other', async () => {
    const object = anObject(
      'ServiceAccount',
      {
        secrets: [
          { name: 'app-token-1' },
          { name: 'mine' },
          { name: 'app-token-2' },
          { name: 'other-token-3' },
        ],
        imagePullSecrets: [{ name: 'app-token-4' }],
      },
      { name: 'app' },
    );
    const { item } = await execute(serviceAccount(), object);
    expect(item['secrets']).toEqual([{ name: 'app-token-1' }, { name: 'mine' }, { name: 'other-token-3' }]);
    expect(item['imagePullSecrets']).toEqual([{ name: 'app-token-4' }]);
    const plain = anObject('ServiceAccount', { secrets: [{ name: 'mine' }] });
    expect((await execute(serviceAccount(), plain)).item).toBe(plain);
  });
});
