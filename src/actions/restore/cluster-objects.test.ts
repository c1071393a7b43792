import { describe, expect, it } from 'vitest';
import { anObject, execute } from './action.fixture.ts';
import { admissionWebhookConfiguration } from './admission-webhook-configuration.ts';
import { apiService } from './apiservice.ts';
import { crdPreserveFields } from './crd-preserve-fields.ts';

describe('cluster-scoped objects', () => {
  it('V-RIA-016 leaves out APIServices that the server registers itself', async () => {
    expect(await apiService().appliesTo()).toEqual({
      includedResources: ['apiservices'],
      labelSelector: 'kube-aggregator.kubernetes.io/automanaged',
    });
    expect((await execute(apiService(), anObject('APIService'))).skipRestore).toBe(true);
  });

  it('V-RIA-017 makes side effects of v1 webhooks valid', async () => {
    const webhooks = [
      { name: 'a', sideEffects: 'Unknown' },
      { name: 'b', sideEffects: 'NoneOnDryRun' },
      { name: 'c' },
      { name: 'd', sideEffects: 'None' },
      { name: 'e', sideEffects: 'Some' },
    ];
    const v1 = { apiVersion: 'admissionregistration.k8s.io/v1', webhooks };
    const { item } = await execute(
      admissionWebhookConfiguration(),
      anObject('ValidatingWebhookConfiguration', v1),
    );
    expect((item['webhooks'] as { sideEffects: string }[]).map(({ sideEffects }) => sideEffects)).toEqual([
      'None',
      'NoneOnDryRun',
      'None',
      'None',
      'None',
    ]);
    const beta = anObject('ValidatingWebhookConfiguration', {
      ...v1,
      apiVersion: 'admissionregistration.k8s.io/v1beta1',
    });
    expect((await execute(admissionWebhookConfiguration(), beta)).item).toBe(beta);
  });

  it('V-RIA-018 moves preserveUnknownFields into the schemas of v1 definitions', async () => {
    expect(await crdPreserveFields().appliesTo()).toEqual({
      includedResources: ['customresourcedefinition.apiextensions.k8s.io'],
    });
    const spec = {
      preserveUnknownFields: true,
      versions: [{ name: 'v1', schema: { openAPIV3Schema: { type: 'object' } } }, { name: 'v2' }],
    };
    const crd = anObject('CustomResourceDefinition', { apiVersion: 'apiextensions.k8s.io/v1', spec });
    expect((await execute(crdPreserveFields(), crd)).item['spec']).toEqual({
      preserveUnknownFields: false,
      versions: [
        {
          name: 'v1',
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
        { name: 'v2' },
      ],
    });
    for (const other of [
      { ...crd, apiVersion: 'apiextensions.k8s.io/v1beta1' },
      { ...crd, spec: { ...spec, preserveUnknownFields: false } },
    ]) {
      expect((await execute(crdPreserveFields(), other)).item).toBe(other);
    }
  });
});
