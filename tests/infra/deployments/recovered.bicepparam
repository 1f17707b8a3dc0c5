using '../../../infra/main.bicep'

// A vault that was deleted is taken back by someone who gets no role; the environment and the region are spelled otherwise.
param environmentName = 'Shop'
param location = 'West Europe'
param principalId = ''
param recoverVault = true
