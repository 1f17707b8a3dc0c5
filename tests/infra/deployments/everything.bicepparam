using '../../../infra/main.bicep'

// All that the other deployments leave as it is, each with a value of its own: what is mixed up shows. The given network is as
// azd gives it if there is none.
param environmentName = 'shop'
param location = 'westeurope'
param principalId = '00000000-0000-0000-0000-00000000000d'
param principalType = 'Group'
param deployerDataAccess = true
param privateNetworking = true
param givenNetwork = {
  integrationSubnetId: ''
  endpointSubnetId: ''
  zonesGroupId: ''
}
param allowedAddresses = '203.0.113.7, 198.51.100.0/24'
param storageLock = true
param logLifecycleDays = 500
param workspaceRetentionDays = 61
param workspaceDailyQuotaGB = 7
param platformMetrics = true
param alertEmail = 'owner@example.com'
param instanceMemoryMB = 4096
param httpConcurrency = 23
param alwaysReadyInstances = 3
param maximumInstances = 99
param updateStrategy = 'RollingUpdate'
param pythonVersion = '3.14'
param trainSchedule = '30 */2 * * * *'
param loopSettings = {
  AUTH_TENANT: 'value of AUTH_TENANT'
  AUTH_AUDIENCE: 'value of AUTH_AUDIENCE'
  AUTH_AUTHORITY: 'value of AUTH_AUTHORITY'
  AUTH_PAGE_CLIENT_ID: 'value of AUTH_PAGE_CLIENT_ID'
  STRICT_REWARDS: 'value of STRICT_REWARDS'
  RATE_LIMIT: 'value of RATE_LIMIT'
  TRUSTED_MODEL_SIGNERS: 'value of TRUSTED_MODEL_SIGNERS'
  MAX_REWARD_WAIT_TIME: 'value of MAX_REWARD_WAIT_TIME'
  SHARDS: 'value of SHARDS'
  INTAKE_SPAN: 'value of INTAKE_SPAN'
  WRITE_DEADLINE: 'value of WRITE_DEADLINE'
  JOIN_GRACE: 'value of JOIN_GRACE'
}
param apiKey1 = 'the first key'
param apiKey2 = 'the second key'
