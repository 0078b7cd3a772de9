-- The tables of repoze.who.plugins.oauth: names, types and order of the columns are its own.
CREATE TABLE oauth_consumers (
  `key` VARCHAR(40) NOT NULL PRIMARY KEY, secret VARCHAR(40) NOT NULL, name VARCHAR(50) NULL, created DATETIME NULL) ENGINE = InnoDB;
CREATE TABLE oauth_request_tokens (
  `key` VARCHAR(40) NOT NULL PRIMARY KEY, secret VARCHAR(40) NOT NULL, userid VARCHAR(200) NULL, verifier VARCHAR(6) NULL,
  callback VARCHAR(500) NULL, created DATETIME NULL, valid_till DATETIME NULL, consumer_key VARCHAR(40) NULL,
  FOREIGN KEY (consumer_key) REFERENCES oauth_consumers (`key`)) ENGINE = InnoDB;
CREATE TABLE oauth_access_tokens (
  `key` VARCHAR(40) NOT NULL PRIMARY KEY, secret VARCHAR(40) NOT NULL, userid VARCHAR(200) NOT NULL, created DATETIME NULL,
  valid_till DATETIME NULL, consumer_key VARCHAR(40) NULL, FOREIGN KEY (consumer_key) REFERENCES oauth_consumers (`key`)) ENGINE = InnoDB;
